"""The methods of ``Loyalty`` by subject; ``loyalty_core.loyalty`` puts them together."""
