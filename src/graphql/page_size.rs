//! Sizes of pages.

/// Number of entries of a page by default.
pub(super) const DEFAULT_PAGE: i32 = 20;

/// Maximum number of entries of a page.
pub(super) const MAX_PAGE: i32 = 100;

/// Returns the maximum number of entries of a page.
pub(super) fn max_page_size(first: Option<i32>, last: Option<i32>) -> usize {
    let size = first.or(last).filter(|size| *size >= 0).unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
    usize::try_from(size).unwrap_or_default()
}
