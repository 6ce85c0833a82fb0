"""Plugins: the hooks they implement, their manifest, and how they are found, checked and held."""
