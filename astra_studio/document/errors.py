"""Errors of project files. `astra_studio.problems` has the message for each."""

from __future__ import annotations


class ProjectError(ValueError):
    """A project that cannot be used as it is asked. The message says what was expected, what came and what to do."""


class NotAProject(ProjectError):
    """A file that is no project of this program. It is not touched."""


class ProjectNewer(ProjectError):
    """A project written by a newer version of the program. It is not touched."""


class ProjectDamaged(ProjectError):
    """A project file that is not whole. It is not written to; the message says what of it can be saved."""


class ArtifactDamaged(ProjectDamaged):
    """One stored thing whose bytes are not those that were written. The rest of the project is usable."""


class ProjectInUse(ProjectError):
    """A project that is open already, here or in another process."""


class ProjectReadOnly(ProjectError):
    """A project in a place where nothing may be written."""


class ProjectDiskFull(ProjectError):
    """An edit or a chunk for which the disk has no room. The file is as it was before."""
