"""How hourly profiles are made: weather, sun, wind and load of whole calendar years (see docs/profiles.md)."""
