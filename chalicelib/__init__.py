"""The application behind app.py. Imports point down only:

http, pictures, reconciliation -> checking, profiles -> auth, bucket, cognito, repository -> aws, models
-> sdk, settings, values -> errors, idle_connections, logs
"""

import gc

# What is imported stays: at Python's own pace the collector would go through all of it again and again before the first
# answer, which takes a fifth of a cold start. It gets that pace back when there is a client (chalicelib/sdk.py).
gc.set_threshold(100_000, 50, 1000)
