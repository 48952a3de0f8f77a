"""The whole product on one machine: an embedded AWS, its resources, `chalice local`. For development and tests.

Nothing in production imports this, and no deployment package carries it.

    __main__      `python -m local`: run, or chalice_local
    run           `make run`: starts, shows, serves, stops
    chalice_local `chalice local`: serves, on the embedded AWS of a run or on its own
    startup       what both do first: signals, ports, state, the embedded AWS
    aws           the embedded AWS (MiniStack) as a process
    origin_guard  what a page in a browser may ask of it
    hosts         the names that it and the API answer to
    triggers      what MiniStack lacks of Cognito's triggers
    rest_apis     what it lacks of API Gateway
    alarms        what it lacks of CloudWatch
    function_logs what functions log, by the leave of their role
    working_tree  the code of the local trigger functions: the working tree, always
    api           `chalice local` as a process, reloaded when the code changes
    stack         pool, client, table, bucket, functions, made like the deployed ones
    gateway       what `chalice local` lacks of API Gateway
    id_tokens     its Cognito authorizer, which says why it refuses a token
    request_log   the requests of front ends, one line each
    log_view      what of the logs is shown on the console
    session       a user's way: sign up, confirm, sign in, call the API
    reconcile     `make reconcile`, for this stage and for deployed ones
    reset         `make reset`
    example       the sign-up that `make run` shows
    console, processes   what it prints, and what it starts and stops
    settings      ports and places, from the environment
"""
