"""`default=datetime.now` and the pool's times (`pool_timeout`, `pool_recycle`) are virtual; `func.now()` is asked of the database, so real."""

import time
from datetime import datetime, timezone

import pytest
from sqlalchemy import String, create_engine, event, exc, func, pool, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from flyte_testkit import running


class Base(DeclarativeBase):
    """All tables."""


class Run(Base):
    """What the code under test keeps of a run."""

    __tablename__ = "runs"
    name: Mapped[str] = mapped_column(String, primary_key=True)
    ended: Mapped[datetime] = mapped_column(default=datetime.now)
    stored: Mapped[datetime] = mapped_column(server_default=func.now())


@pytest.fixture
def engine():
    engine = create_engine("sqlite://", poolclass=pool.StaticPool)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_a_default_of_python_is_virtual_and_one_of_the_database_is_not(
    flyte_admin, flyte_client, engine
):
    flyte_admin.add_execution("train", running(3600).succeeds())

    flyte_client.wait(flyte_client.fetch_execution(name="train"))
    with Session(engine) as session:
        session.add(Run(name="train"))
        session.commit()
        run = session.scalars(select(Run)).one()

    assert run.ended.astimezone(timezone.utc) == datetime(2024, 1, 1, 1, tzinfo=timezone.utc)
    assert run.stored.year > 2025  # the database reads a clock of its own


def test_a_connection_is_recycled_after_virtual_hours(flyte_clock):
    engine = create_engine("sqlite://", poolclass=pool.QueuePool, pool_recycle=3600)
    made = []
    event.listen(engine, "connect", lambda *_: made.append(flyte_clock.elapsed))
    for _ in range(3):
        with engine.connect():
            time.sleep(2000)
    engine.dispose()

    assert made == [0, 4000]


def test_a_pool_that_is_exhausted_is_waited_for_on_the_clock(flyte_clock):
    engine = create_engine(
        "sqlite://", poolclass=pool.QueuePool, pool_size=1, max_overflow=0, pool_timeout=30
    )
    with engine.connect(), pytest.raises(exc.TimeoutError):
        engine.connect()
    engine.dispose()

    assert flyte_clock.elapsed == 30
