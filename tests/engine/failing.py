"""A database that goes away in the middle: before a write of one kind is done, or after it with the answer lost."""

from castlist.errors import InDoubt, Unavailable


class Failing:
    """In the place of the real one for the jobs or the assets: the next `times` writes of `method` fail, done or not, and `reads` reads
    after the first."""

    def __init__(self, noun, method, *, done=False, times=1, reads=0, error=Unavailable):
        self.real, self.method, self.done, self.times, self.reads = noun._database, method, done, times, reads
        self.failed, self.error = 0, InDoubt if done else error
        noun._database = self
        if hasattr(noun, "_sight"):
            noun._sight._database = self

    def __getattr__(self, name):
        return getattr(self.real, name)

    def version(self):
        return self.real.version() + self.failed

    async def write(self, fn):
        if f".{self.method}." not in fn.__qualname__ or self.failed == self.times:
            return await self.real.write(fn)
        self.failed += 1
        if self.done:
            await self.real.write(fn)
        raise self.error("the database went away")

    async def rows(self, sql, values=()):
        self._look()
        return await self.real.rows(sql, values)

    async def row(self, sql, values=()):
        self._look()
        return await self.real.row(sql, values)

    def _look(self):
        if self.failed and self.reads:
            self.reads -= 1
            raise RuntimeError("a read that nobody foresaw to fail")
