"""A plan run for real: its devices as Linux network namespaces, configured by what export writes, and packets between them."""
