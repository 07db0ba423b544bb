"""The site. Who sends tasks loads dmarcsite.celery first (wsgi, manage.py), so that they go to our broker and no default one."""
