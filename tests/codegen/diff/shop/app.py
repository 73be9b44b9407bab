"""A shop's back office on the generated client of version 1.

Lines that the move to version 2 breaks end in `# breaks`, those that want a look in `# look`. No other line is touched.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shop_api import v1
from shop_api.v1 import models as m
from shop_api.v1.models import Item, Order

LOW_STOCK = 3
PAGE = 25


@dataclass
class Report:
    """What the back office prints in the morning."""

    title: str
    lines: list[str] = field(default_factory=list)

    def add(self, *parts: object) -> None:
        self.lines.append(" ".join(str(part) for part in parts))

    def text(self) -> str:
        return "\n".join([self.title, *self.lines])


def open_shop(url: str) -> v1.Api:
    """A client for the shop."""
    return v1.Api(base_url=url)


# Items ---------------------------------------------------------------------------------------------------------------


def everything(api: v1.Api) -> list[Item]:
    """All items, the server's page at a time."""
    return api.items.list()  # look


def first_page(api: v1.Api) -> list[Item]:
    """A small page."""
    return api.items.list(limit=10)


def large_page(api: v1.Api) -> list[Item]:
    """A large page."""
    return api.items.list(limit=100)  # look


def page_of(api: v1.Api, size: int) -> list[Item]:
    """A page of a size that somebody chose."""
    return api.items.list(limit=size)  # look


def by_tag(api: v1.Api, tag: str) -> list[Item]:
    """Items with a tag."""
    return api.items.list(tag=tag, limit=PAGE)  # breaks


def on_sale(api: v1.Api) -> list[Item]:
    """What can be bought."""
    return api.items.list(state="active", limit=5)


def drafts(api: v1.Api) -> list[Item]:
    """What is not for sale yet."""
    return api.items.list(state="draft", limit=5)  # look


def unfinished(items: Iterable[Item]) -> list[Item]:
    """Items that somebody still works on."""
    return [item for item in items if item.state == "draft"]  # look


def for_sale(items: Iterable[Item]) -> list[Item]:
    """Items that can be bought."""
    return [item for item in items if item.state == "active"]


def names(items: Iterable[Item]) -> list[str]:
    """Their names, in order."""
    return sorted(item.name for item in items)


def cheapest(items: Iterable[Item]) -> Item | None:
    """The one with the lowest price."""
    return min(items, key=lambda item: item.price, default=None)


def heavy(items: Iterable[Item], limit: int) -> Iterator[Item]:
    """Items that need two people to carry."""
    for item in items:
        weight = item.weight  # breaks
        if isinstance(weight, int) and weight > limit:
            yield item


def tag_cloud(items: Iterable[Item]) -> Counter[str]:
    """How often each tag is used."""
    counted: Counter[str] = Counter()
    for item in items:
        if isinstance(item.tags, list):
            counted.update(item.tags)
    return counted


def add_item(api: v1.Api, name: str, price: int) -> Item:
    """Put something on the shelf."""
    return api.items.create(
        m.ItemCreate(  # breaks
            name=name,  # look
            price=price,
        )
    )


def add_sample(api: v1.Api) -> Item:
    """Put a sample on the shelf."""
    sample = m.ItemCreate(name="Sample", price=0, note="not for sale")  # breaks
    return api.items.create(sample)


def rename(item: m.ItemCreate, name: str) -> m.ItemCreate:
    """The same under another name."""
    item.name = name
    return item


def look_up(api: v1.Api, item_id: str) -> Item:
    """One item."""
    return api.items.get(item_id)


def put_away(api: v1.Api, item_id: str) -> None:
    """Take an item off the shelf."""
    api.items.archive(item_id)  # breaks


def put_all_away(api: v1.Api, items: Iterable[Item]) -> int:
    """Take items off the shelf, and say how many."""
    count = 0
    for item in items:
        if item.state != "sold":
            continue
        api.items.archive(item.id)  # breaks
        count += 1
    return count


# Orders --------------------------------------------------------------------------------------------------------------


def orders_of(api: v1.Api, customer: str) -> list[Order]:
    """What somebody ordered."""
    return api.orders.list(customer=customer)  # breaks


def recent_orders(api: v1.Api, today: dt.date) -> list[Order]:
    """What was ordered in the last week."""
    return api.orders.list(since=today - dt.timedelta(days=7))


def revenue(orders: Iterable[Order]) -> int:
    """What they are worth together, in cents."""
    total = 0
    for order in orders:
        total += order.total  # breaks
    return total


def describe(order: Order) -> str:
    """One line about an order."""
    return f"{order.id}: {order.status}, {len(order.lines)} lines"


def is_waiting(order: Order) -> bool:
    """Whether somebody has to do something about it."""
    return order.status in ("open", "paid")  # look


def next_step(order: Order) -> str:
    """What is to be done."""
    match order.status:  # look
        case "open":
            return "ask for the money"
        case "paid":
            return "send it"
        case _:
            return "nothing"


def pieces(order: Order) -> int:
    """How many things are in the parcel."""
    count: int = 0
    for line in order.lines:
        quantity: int = line.quantity  # breaks
        count += quantity
    return count


def picking_list(orders: Iterable[Order]) -> list[str]:
    """What to fetch from the shelves."""
    return [line.item_id for order in orders for line in order.lines]


def order_for(api: v1.Api, items: Iterable[Item], street: str, city: str) -> Order:
    """Order one of each."""
    lines = [m.OrderLine(item_id=item.id, quantity=1) for item in items]
    address = m.Address(street=street, city=city)  # breaks
    wanted = m.OrderCreate(lines=lines, address=address, gift=False)
    return api.orders.create(wanted)  # look


def present_for(api: v1.Api, item: Item) -> Order:
    """Order a present."""
    line = m.OrderLine(item_id=item.id, quantity=1)
    body = m.OrderCreate(lines=[line], gift=True)
    return api.orders.create(body)  # look


def order_again(api: v1.Api, order: Order) -> Order:
    """The same once more."""
    body = m.OrderCreate(lines=order.lines)  # breaks
    return api.orders.create(body)  # look


def placed_on(order: Order) -> dt.date | None:
    """The day it was placed."""
    return order.placed.date() if isinstance(order.placed, dt.datetime) else None


# Customers -----------------------------------------------------------------------------------------------------------


def customer_of(api: v1.Api, order: Order) -> m.Customer:
    """Who ordered it."""
    return api.customers.get(order.customer)  # breaks


def greeting(customer: m.Customer) -> str:
    """How a letter starts."""
    return f"Dear {customer.name},"


def mail_domain(customer: m.Customer) -> str:
    """Where their mail goes."""
    return customer.email.partition("@")[2]  # breaks


def mail_line(customer: m.Customer) -> str:
    """Their address for people to read."""
    return f"{customer.name} <{customer.email}>"  # look


def remember(book: dict[str, str], customer: m.Customer) -> None:
    """Note their address."""
    book[customer.id] = customer.email  # breaks


def city_of(customer: m.Customer) -> str | None:
    """Where they live."""
    address = customer.address
    return address.city if isinstance(address, m.Address) else None  # breaks


# The morning report --------------------------------------------------------------------------------------------------


def shelf_report(api: v1.Api) -> Report:
    """What is on the shelf."""
    report = Report("Shelf")
    items = first_page(api)
    for name in names(for_sale(items)):
        report.add("for sale:", name)
    best = cheapest(items)
    if best is not None:
        report.add("cheapest:", best.name, best.price)
    if len(items) < LOW_STOCK:
        report.add("order something")
    return report


def order_report(api: v1.Api, today: dt.date) -> Report:
    """What is to be done today."""
    report = Report("Orders")
    for order in recent_orders(api, today):
        report.add(describe(order), next_step(order))
    return report


def main(url: str, today: dt.date) -> str:
    """The whole report."""
    api = open_shop(url)
    return "\n\n".join(report.text() for report in (shelf_report(api), order_report(api, today)))
