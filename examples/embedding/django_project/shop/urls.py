"""The shop's addresses."""

from django.urls import path

from shop import views

urlpatterns = [
    path("checkout", views.checkout),
    path("points/<str:email>", views.balance),
]
