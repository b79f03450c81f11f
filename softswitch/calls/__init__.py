"""Call control: legs, calls, routing, the directory of extensions, the call history."""
