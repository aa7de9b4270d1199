//! What others than schemas want to know of a document.

use super::{Document, Kind, Value};

impl Document<'_> {
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.root().is_some_and(|root| root.kind() == Kind::Object)
    }

    #[must_use]
    pub fn is_array(&self) -> bool {
        self.root().is_some_and(|root| root.kind() == Kind::Array)
    }

    /// A number that is all of the text may go on.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.root().is_some_and(|root| root.kind() == Kind::Number)
    }

    /// The names of the outermost object's members, or of those of each object in the outermost array; then also the object's place in it.
    pub fn outer_names(&self) -> impl Iterator<Item = (Option<usize>, &str)> {
        let root = self.root();
        let own = root.into_iter().flat_map(|root| names(root).map(|name| (None, name)));
        let items = root.into_iter().flat_map(Value::items).enumerate();
        own.chain(items.flat_map(|(at, item)| names(item).map(move |name| (Some(at), name))))
    }

    /// The first item of the outermost array that is no object.
    #[must_use]
    pub fn other_item(&self) -> Option<usize> {
        self.root()?.items().position(|item| item.kind() != Kind::Object)
    }

    /// All strings that are values, in their order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        // Where arrays and objects end that are open, and whether they are objects.
        let mut open: Vec<(u32, bool)> = Vec::new();
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                while open.pop_if(|(end, _)| at >= *end).is_some() {}
                at += u32::from(open.last().is_some_and(|(_, is_object)| *is_object));
                let value = self.value(at)?;
                at += 1;
                match value.kind() {
                    kind @ (Kind::Array | Kind::Object) => open.push((value.after(), kind == Kind::Object)),
                    Kind::Text => return value.text(),
                    _ => {}
                }
            }
        })
    }
}

fn names(object: Value<'_>) -> impl Iterator<Item = &str> {
    object.members().filter_map(|(name, _)| name.text())
}
