"""The application behind app.py. Imports point down only:

http, reconciliation -> profiles -> auth, cognito, repository -> aws, models -> settings, values -> errors, logs
"""
