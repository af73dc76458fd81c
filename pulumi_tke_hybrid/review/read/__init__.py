"""Previews as the engine writes them, made into plans. Nothing is trusted to be there."""
