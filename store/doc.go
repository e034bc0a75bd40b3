// Package store is what cenote's services read and write through: typed tables over a driver.DB.
//
// A Kind describes the records of one sort: how their key and their index entries follow from their contents. A Table is a
// Kind bound to its owner, a pool or the installation; there is no handle without an owner, and no key of one owner falls
// into the range of another (C8).
//
//	var users = store.NewKind("user", store.Kind[user]{
//		Key:   func(u *user) []string { return []string{u.Sub} },
//		Index: func(u *user) []store.Index { return []store.Index{{Name: "login", Value: []string{u.Name}, Unique: true}} },
//	})
//
//	find := users.Of(poolID).FindBy("login", name)
//	err := st.Read(ctx, find) // one round trip for any number of look-ups
//	if find.Got == nil { … }
//
// Every write happens in Update, whose closure may run more than once: nothing in it may leave the process.
package store
