"""What the application keeps."""

from django.db import models


class Run(models.Model):
    """A run, and when it was launched."""

    name = models.CharField(max_length=63)
    launched = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.name
