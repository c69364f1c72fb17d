"""Files and literals by URL: uploads, downloads, and the links that are signed for them."""
