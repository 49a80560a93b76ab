"""Run a plan: its devices as Linux network namespaces with the exported configuration, and packets between them."""
