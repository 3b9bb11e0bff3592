"""A second clinic beside that of the demo data, with a dentist and a type of its own."""

from uuid import uuid5

from db import demo
from db.demo import NAMESPACE, person_id
from db.pool import Pool

HARBOUR = uuid5(NAMESPACE, "clinic:harbour")
NORA = person_id("dentist", "nora")


async def add_harbour(pool: Pool) -> None:
    """Adds the clinic; in the zone of the first, so that their hours are the same."""
    async with pool.acquire() as connection:
        await demo.add_clinic(connection, HARBOUR, "Harbour Dental", "Europe/Berlin")
        checkup = demo.TYPES[0]
        await demo.add_type(connection, HARBOUR, uuid5(HARBOUR, "type:checkup"), checkup)
        await demo.add_dentist(connection, HARBOUR, "nora", "Dr. Nora Lindqvist", "General")
