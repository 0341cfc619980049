// A subpackage has to have a page. This one is not linked to.
Page({});
