"""What the switch tells the people who run it: lines of the log, and metrics.

    log         one event a line on standard error, without control characters and secrets
    recent      the last warnings and errors, for `/v1/health`
    script_lines  when scripts start and why they end
    metrics     the value types of `/metrics`: parts yield their `Metric`s, `http` serves them
    loop_lag    how late the event loop is

The room stands at the bottom of the wing: it imports nothing of it, and every part may use it.
`metrics` has no input, output or clock, so the SIP core may use it, too.
"""
