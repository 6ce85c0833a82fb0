"""The first tables."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates the orders."""

    initial = True
    dependencies = []  # noqa: RUF012 - Django's own form
    operations = [  # noqa: RUF012
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=40, unique=True)),
                ("email", models.EmailField(max_length=254)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12)),
                ("placed_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
