"""The methods of `Client`, by area. Each is made from a generated operation; see `symbiont._calls`."""
