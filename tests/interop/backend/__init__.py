"""A back end as phonekey's users have one: Django REST with SimpleJWT, told nothing of phonekey
but the key."""
