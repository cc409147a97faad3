module github.com/signedfront/signedfront

go 1.25.0
