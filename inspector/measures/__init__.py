"""How good a model is: each module measures one thing, from plain arrays alone."""
