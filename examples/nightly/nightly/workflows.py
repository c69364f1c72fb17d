"""The pipeline: what runs on the cluster each night."""

from flytekit import task, workflow

__all__ = ["nightly"]


@task(retries=1)
def extract(day: str) -> int:
    """Count the day's rows."""
    return len(day)


@task
def fit(rows: int) -> float:
    """Train a model; say how good it is."""
    return 1 - 1 / rows


@task
def publish(day: str, auc: float) -> str:
    """Put the model where it is used."""
    return f"models/{day}/{auc}"


@workflow
def training(rows: int) -> float:
    """Train, as other pipelines do too."""
    return fit(rows=rows)


@workflow
def nightly(day: str) -> str:
    """Extract, train, publish."""
    return publish(day=day, auc=training(rows=extract(day=day)))
