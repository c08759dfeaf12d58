"""The ways to reach people: one module for each kind of channel, and a registry of them."""
