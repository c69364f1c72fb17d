"""Projects, and the attributes that match what runs in them."""
