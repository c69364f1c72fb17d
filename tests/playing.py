"""Launching a script and waiting for it, as most code under test does."""


def played(admin, remote, tree, **how):
    """Launch a tree and wait; return what the client has, and the launch as the test sees it."""
    route = admin.on_launch("etl").plays(tree)
    execution = launched(remote)
    return remote.wait(execution, **how), route.launches[-1]


def launched(remote, name="etl"):
    """Launch what is scripted by a name."""
    return remote.execute(remote.fetch_launch_plan(name=name), inputs={})
