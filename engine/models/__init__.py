"""The networks: the Astra transformer, the video autoencoders, the text encoder, and how weights reach them."""
