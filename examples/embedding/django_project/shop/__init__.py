"""A Django shop with the SDK inside."""
