"""The wire: FlyteAdmin's services over gRPC, with a journal of every call."""
