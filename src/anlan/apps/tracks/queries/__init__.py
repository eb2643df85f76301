"""Questions about carriers: who may see which, where they are, where they were, what fences hold them."""
