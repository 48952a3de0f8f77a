"""Everything that talks to AWS by botocore, and Cognito's trigger events."""
