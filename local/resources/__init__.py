"""The AWS resources of the local stack, configured like the deployed ones.

Existing resources are left unchanged, so that the users of an earlier run are not lost. The exceptions are the
functions and the settings of the user pool and its client. They are updated at every start.
"""
