"""A login through a provider that speaks OpenID Connect."""
