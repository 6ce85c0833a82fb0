"""The settings of the example: only what it needs."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[1]
SECRET_KEY = "only for the example"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["shop"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", BASE_DIR / "shop.sqlite3"),
    }
}

LOYALTY_CONFIG = BASE_DIR.parent / "loyalty.toml"
LOYALTY_DATABASE = os.environ.get("LOYALTY_DATABASE", f"sqlite:///{BASE_DIR / 'loyalty.db'}")
