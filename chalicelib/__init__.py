"""The application behind app.py. Imports point down only:

auth, profiles, cognito, http -> repository -> models -> errors, settings, logs
"""
