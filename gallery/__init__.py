"""The gallery of the embedded renderer: every picture of docs/gallery.md, made by an ordinary client."""
