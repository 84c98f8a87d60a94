"""The edition: sample content that a new site opens with, and that can be taken away again."""
