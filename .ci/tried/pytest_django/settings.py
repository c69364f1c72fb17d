"""The least that Django runs with."""

SECRET_KEY = "no secret"
USE_TZ = True
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
