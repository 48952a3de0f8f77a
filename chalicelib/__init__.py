"""The application behind app.py. Imports point down only:

http, pictures, reconciliation -> checking, profiles -> auth, bucket, cognito, repository -> aws, models -> sdk
-> botocore_tuning, gc_tuning -> preconditions, settings, values -> errors, idle_connections, logs
"""
