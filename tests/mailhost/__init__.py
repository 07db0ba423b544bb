"""Real mail servers for tests: each module starts one kind of daemon in a throw-away directory on loopback.

Nothing here changes the machine's configuration or services, and no daemon outlives its fixture.
"""
