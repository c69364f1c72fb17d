"""FlyteAdmin without a network: rules over a store, one RPC at a time.

:class:`FlyteAdmin` is the door: a name, a request and a time go in, a reply comes out or an
:class:`~flyte_testkit.admin.errors.AdminError` is raised. Behind it stands one manager for each
entity, named as FlyteAdmin names them. Nothing here knows gRPC, scripts or clocks.
"""
