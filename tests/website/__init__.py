"""The whole web application as processes of its own (gunicorn, Celery), and visitors that speak HTTP to it."""
