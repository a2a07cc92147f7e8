//! girder-vm
