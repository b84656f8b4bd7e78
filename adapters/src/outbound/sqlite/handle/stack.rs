//! Keeps `SQLite` from exhausting the stack of a thread, which would end the process.
//!
//! It follows views, triggers and foreign keys by recursion without end, and calls us on none of these ways. But it
//! allocates on all of them, and a failed allocation is what it survives everywhere: so none succeeds from too deep a stack.

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    mem::MaybeUninit,
    ptr,
    sync::OnceLock,
};

use libsqlite3_sys as ffi;

/// How much of a thread's stack `SQLite` may use. Threads have 2 MiB; the rest is for what allocates nothing on its way
/// down, such as giving back what was built.
const MAX_STACK_BYTES: usize = 1280 * 1024;

/// How `SQLite` would allocate by itself.
static ALLOCATE: OnceLock<Option<Allocate>> = OnceLock::new();
static REALLOCATE: OnceLock<Option<Reallocate>> = OnceLock::new();

type Allocate = unsafe extern "C" fn(c_int) -> *mut c_void;
type Reallocate = unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void;

thread_local! {
    /// The highest address of this thread's stack from which `SQLite` was seen to allocate; close to where it begins.
    static BEGINS: Cell<usize> = const { Cell::new(0) };
    static REACHES: Cell<usize> = const { Cell::new(MAX_STACK_BYTES) };
    static RAN_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Stands in front of the allocator, for the whole process. Does nothing where something else in this process has used
/// `SQLite` before, as only tests do.
pub(in super::super) fn guard_stack() {
    ALLOCATE.get_or_init(|| {
        let mut own = MaybeUninit::<ffi::sqlite3_mem_methods>::zeroed();
        // SAFETY: it writes the methods, which may be none; where `SQLite` is in use already, both calls change nothing.
        unsafe {
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, own.as_mut_ptr());
            let mut methods = own.assume_init();
            let allocate_itself = methods.xMalloc.replace(allocate);
            REALLOCATE.get_or_init(|| methods.xRealloc.replace(reallocate));
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods);
            allocate_itself
        }
    });
}

/// Lets `SQLite` use more of this thread's stack, from here on.
pub(in super::super) fn use_stack(bytes: usize) {
    REACHES.set(bytes);
}

/// Whether the stack ran out is told from here on.
pub(super) fn watch() {
    RAN_OUT.set(false);
}

/// Whether an allocation of this thread has failed since for want of stack.
pub(super) fn ran_out() -> bool {
    RAN_OUT.get()
}

unsafe extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    match ALLOCATE.get() {
        // SAFETY: as our caller vouches.
        Some(Some(itself)) if reaches_further() => unsafe { itself(bytes) },
        _ => ptr::null_mut(),
    }
}

unsafe extern "C" fn reallocate(memory: *mut c_void, bytes: c_int) -> *mut c_void {
    match REALLOCATE.get() {
        // SAFETY: as our caller vouches.
        Some(Some(itself)) if reaches_further() => unsafe { itself(memory, bytes) },
        _ => ptr::null_mut(),
    }
}

/// Whether this thread's stack reaches for more than what is on it.
fn reaches_further() -> bool {
    let marker = 0_u8;
    let here = (&raw const marker).addr();
    let begins = BEGINS.get().max(here);
    BEGINS.set(begins);
    let reaches = begins - here < REACHES.get();
    if !reaches {
        RAN_OUT.set(true);
    }
    reaches
}
