"""The local stack: an embedded AWS, its resources, and `chalice local`, for development and tests.

No production code imports this package, and no deployment package contains it.
"""
