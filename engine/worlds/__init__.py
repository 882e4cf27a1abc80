"""World models: the protocol, the registry, Astra, and a fake one for tests."""
