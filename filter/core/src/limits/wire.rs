//! Numbers in cells: little-endian, one after the other.

pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

/// Writes into a cell; what lies beyond its end is dropped.
pub(super) struct Writer<'b>(pub(super) &'b mut [u8]);

impl Writer<'_> {
    fn put<const N: usize>(&mut self, number: [u8; N]) {
        if let Some((head, rest)) = std::mem::take(&mut self.0).split_first_chunk_mut::<N>() {
            *head = number;
            self.0 = rest;
        }
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.put(number.to_le_bytes());
    }

    pub(super) fn u16(&mut self, number: u16) {
        self.put(number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.put(number.to_le_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.put(number.to_le_bytes());
    }
}
